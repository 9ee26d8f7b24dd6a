package proxy

import (
	"fmt"
	"os"

	"github.com/wyeproxy/wye/proxy/config"
	"github.com/wyeproxy/wye/proxy/httpproxy"
)

// accessFile is the access log of an http listener, and the file it is in.
// Reload and Close have it in turn.
type accessFile struct {
	log  *httpproxy.AccessLog
	name string
	file *os.File
}

// newAccessFile opens the listener's access log, nil where it has none.
func newAccessFile(d *door) (*accessFile, error) {
	if d.HTTP.AccessLog == "" {
		return nil, nil
	}
	a := &accessFile{name: d.HTTP.AccessLog, file: os.Stdout}
	if a.standard() {
		a.log = httpproxy.NewAccessLog(a.file, d.HTTP.AccessFormat == config.AccessJSON)
		return a, nil
	}
	var err error
	if a.file, err = openAccess(d.Name, a.name); err != nil {
		return nil, err
	}
	a.log = httpproxy.NewAccessLog(a.file, d.HTTP.AccessFormat == config.AccessJSON)
	return a, nil
}

// standard tells whether it is the standard output, which nobody moves away.
func (a *accessFile) standard() bool { return a.name == "-" }

func openAccess(listener, name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("listeners.%s.http.access_log: %w", listener, err)
	}
	return f, nil
}

// reopen goes on with another file. The old one then has all its lines.
func (a *accessFile) reopen(f *os.File) {
	a.log.Reopen(f)
	_ = a.file.Close()
	a.file = f
}

func (a *accessFile) close() {
	a.log.Close()
	if !a.standard() {
		_ = a.file.Close()
	}
}

// reopenAccessLogs opens the files of access logs by their names again, as
// somebody may have moved them away: all of them or, when one cannot be opened,
// none.
func (s *Server) reopenAccessLogs() error {
	next := map[*accessFile]*os.File{}
	for _, l := range s.listeners {
		if l.access == nil || l.access.standard() {
			continue
		}
		f, err := openAccess(l.door.Load().Name, l.access.name)
		if err != nil {
			for _, opened := range next {
				_ = opened.Close()
			}
			return err
		}
		next[l.access] = f
	}
	for a, f := range next {
		a.reopen(f)
	}
	return nil
}

// closeAccessLogs writes what they hold. Their listeners have ended.
func (s *Server) closeAccessLogs() {
	for _, l := range s.listeners {
		if l.access != nil {
			l.access.close()
		}
	}
}
