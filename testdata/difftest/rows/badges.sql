(3, 'gold', 30)
(3, 'silver', 10)
(42, 'gold', NULL)
