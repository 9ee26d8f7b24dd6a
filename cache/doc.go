// Package cache will hold results of hot reads and the rule by which they
// are still valid. It is an empty room: wye does not cache yet, and nothing
// imports it.
package cache
