('theme', 'dark')
('limit', '10')
('empty', NULL)
