// Package proxyheader reads and writes the header of the PROXY protocol, in
// which one load balancer tells the next who the client is.
//
// It knows both forms: version 1, a line of text, and version 2, binary
// (HAProxy, doc/proxy-protocol.txt). It owns nothing and opens no socket: Parse
// looks at bytes that are there and asks for more, which Read gets. Who may send a header is
// decided elsewhere: whoever may can call himself what he likes.
//
// When it breaks: parse.go for what others sent, append.go for what we send.
package proxyheader
