package h1serve

// manyFields is more than most heads have: what has had room for more is not kept.
const manyFields = 32

// Reuse is for a handler that is about to end, and knows that nobody has the
// ResponseWriter or its Header any more: the next request of the conn may get
// them. The http.Request stays the handler's. It says nothing of a request with
// a body, which others may still be reading.
func (w *response) Reuse() { w.reuse = w.body == nil }

// response readies the answer to a request.
func (c *conn) response() *response {
	w := c.spare
	if w == nil {
		w = new(response)
	}
	c.spare = nil
	w.c, w.length = c, -1
	return w
}

// recycle keeps an answer that is sent for the next request, if it may.
func (c *conn) recycle(w *response) {
	if !w.reuse {
		return
	}
	h := w.header
	if len(h) > manyFields {
		h = nil
	}
	clear(h)
	*w = response{header: h}
	c.spare = w
}
