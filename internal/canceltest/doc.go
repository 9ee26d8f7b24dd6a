// Package canceltest fires cancel requests at random moments and watches whom
// they hit. A pooler moves server conns from client to client, and a cancel
// that comes a moment late must not end the statement of the next one.
//
// Half of the clients are targets, half are bystanders whom nobody cancels
// (though requests with a wrong key name them). Each statement carries a tag
// of its own, so that an answer that went to another client shows as well.
// It knows nothing of the pooler; the same run on a plain PostgreSQL finds
// nothing.
package canceltest
