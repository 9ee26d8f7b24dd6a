package sqlparse

// #include <pthread.h>
//
// static size_t wye_thread_stack(void) {
//	pthread_attr_t attr;
//	size_t size = 0;
//	if (pthread_attr_init(&attr) == 0) {
//		pthread_attr_getstacksize(&attr, &size);
//		pthread_attr_destroy(&attr);
//	}
//	return size;
// }
import "C"

// maxParse is the longest text, in bytes, that pg_query may see. Its output
// function recurses once per level of the tree, and the process dies where
// the C stack ends. The worst text found takes 2 bytes for a level: "select
// 1+1+1...".
const maxParse = 16 << 10

// parseLimit is maxParse, or less where threads have a small stack: Go asks
// the C library for threads of its default size, which is RLIMIT_STACK (or
// 2 MiB without a limit) with glibc, and 128 KiB with musl.
func parseLimit() int { return limitFor(uint64(C.wye_thread_stack())) }

func limitFor(stack uint64) int {
	// Measured with pg_query_go v5.1.0, JSON output, gcc 12 -O2, as threads'
	// stacks were made smaller: 70 bytes of stack for a byte of text. Four
	// times that, for other compilers.
	const stackPerByte = 4 * 70
	return int(min(maxParse, stack/stackPerByte))
}
