internal import CMicrohttpd
internal import CCurl
