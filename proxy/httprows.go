package proxy

import (
	"github.com/wyeproxy/wye/proxy/httpproxy"
	"github.com/wyeproxy/wye/proxy/stats"
)

// httpRows describes what HTTP listeners and pools have done.
func (s *Server) httpRows(snap *stats.Snapshot) {
	for _, l := range s.listeners {
		if l.http != nil {
			row := httpRow("listener", l.door.Load().Name, l.http.Count.Read())
			_, _, _, row.Malformed = l.http.Conns()
			if l.access != nil {
				lines, writes := l.access.log.Dropped()
				row.LogLost = lines + writes
			}
			snap.HTTP = append(snap.HTTP, row)
		}
	}
	for _, b := range s.balanceList() {
		if b.http != nil {
			snap.HTTP = append(snap.HTTP, httpRow("pool", b.http.pool.Name, b.http.pool.Count.Read()))
		}
	}
}

func httpRow(kind, name string, c httpproxy.Counts) stats.HTTPRow {
	return stats.HTTPRow{Kind: kind, Name: name, Active: c.Active, Classes: c.Classes, Retries: c.Retries, Time: c.Time, Hist: c.Spread}
}
