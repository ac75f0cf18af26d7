#ifndef PGA_CMICROHTTPD_SHIM_H
#define PGA_CMICROHTTPD_SHIM_H

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>

/* Swift cannot call C variadics, and from libmicrohttpd 1.0 on its enum constants are not found by name from Swift
   (they became closed enums): everything that touches either is here, with plain integers on Swift's side. The same
   text compiles with 0.9.75 and 1.0.1. */

/* What the daemon reports; `context` is handed back with each call. */
struct pga_mhd_callbacks {
    void *context;
    void *(*opened)(void *context, struct MHD_Connection *connection);
    void (*closed)(void *context, void *peer);
    void *(*begin)(void *context, struct MHD_Connection *connection, const char *target);
    int (*handle)(void *context, struct MHD_Connection *connection, const char *method, const char *version,
                  const char *bytes, size_t *count, void *exchange);
    void (*completed)(void *context, void *exchange);
    void (*log)(void *context, const char *text);
};

static inline enum MHD_Result pga_mhd_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                                const char *method, const char *version, const char *bytes,
                                                size_t *count, void **exchange) {
    const struct pga_mhd_callbacks *callbacks = (const struct pga_mhd_callbacks *)cls;
    (void)url;
    return callbacks->handle(callbacks->context, connection, method, version, bytes, count, *exchange) ? MHD_YES
                                                                                                       : MHD_NO;
}

/* The target as it came, before anything is cut or unescaped; what is returned becomes the request's `req_cls`. */
static inline void *pga_mhd_on_target(void *cls, const char *target, struct MHD_Connection *connection) {
    const struct pga_mhd_callbacks *callbacks = (const struct pga_mhd_callbacks *)cls;
    return callbacks->begin(callbacks->context, connection, target);
}

static inline void pga_mhd_on_completed(void *cls, struct MHD_Connection *connection, void **exchange,
                                        enum MHD_RequestTerminationCode code) {
    const struct pga_mhd_callbacks *callbacks = (const struct pga_mhd_callbacks *)cls;
    (void)connection;
    (void)code;
    if (*exchange != NULL) {
        callbacks->completed(callbacks->context, *exchange);
        *exchange = NULL;
    }
}

static inline void pga_mhd_on_connection(void *cls, struct MHD_Connection *connection, void **peer,
                                         enum MHD_ConnectionNotificationCode code) {
    const struct pga_mhd_callbacks *callbacks = (const struct pga_mhd_callbacks *)cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *peer = callbacks->opened(callbacks->context, connection);
    } else if (*peer != NULL) {
        callbacks->closed(callbacks->context, *peer);
        *peer = NULL;
    }
}

static inline void pga_mhd_on_log(void *cls, const char *format, va_list arguments) {
    const struct pga_mhd_callbacks *callbacks = (const struct pga_mhd_callbacks *)cls;
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    callbacks->log(callbacks->context, text);
}

/* Leaves every byte as it came: Swift decodes the target itself, for the library cuts a path at %00. */
static inline size_t pga_mhd_keep_escaped(void *cls, struct MHD_Connection *connection, char *text) {
    size_t length = 0;
    (void)cls;
    (void)connection;
    while (text[length] != 0) length++;
    return length;
}

/* A daemon that serves `listener`; `callbacks` must outlive it. NULL when it cannot start (the log says why). */
static inline struct MHD_Daemon *pga_mhd_start(struct pga_mhd_callbacks *callbacks, int listener, unsigned threads,
                                               unsigned connections, unsigned per_address, size_t memory,
                                               unsigned idle_seconds) {
    /* A pool of one thread is refused with a warning: the option is left out then. */
    struct MHD_OptionItem pool[] = {
        {threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL,
                            NULL, &pga_mhd_on_access, (void *)callbacks,
                            /* first, so that what the others complain of is heard */
                            MHD_OPTION_EXTERNAL_LOGGER, &pga_mhd_on_log, (void *)callbacks,
                            MHD_OPTION_LISTEN_SOCKET, listener,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1,
                            MHD_OPTION_CONNECTION_LIMIT, connections,
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
                            MHD_OPTION_CONNECTION_TIMEOUT, idle_seconds,
                            MHD_OPTION_URI_LOG_CALLBACK, &pga_mhd_on_target, (void *)callbacks,
                            MHD_OPTION_UNESCAPE_CALLBACK, &pga_mhd_keep_escaped, NULL,
                            MHD_OPTION_NOTIFY_COMPLETED, &pga_mhd_on_completed, (void *)callbacks,
                            MHD_OPTION_NOTIFY_CONNECTION, &pga_mhd_on_connection, (void *)callbacks,
                            MHD_OPTION_ARRAY, pool, MHD_OPTION_END);
}

static inline int pga_mhd_descriptor(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : (int)info->connect_fd;
}

static inline const struct sockaddr *pga_mhd_address(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    return info == NULL ? NULL : info->client_addr;
}

static inline void *pga_mhd_peer(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

struct pga_mhd_headers {
    void *context;
    void (*each)(void *context, const char *name, size_t name_count, const char *value, size_t value_count);
};

static inline enum MHD_Result pga_mhd_on_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                                size_t name_count, const char *value, size_t value_count) {
    const struct pga_mhd_headers *headers = (const struct pga_mhd_headers *)cls;
    (void)kind;
    headers->each(headers->context, name, name_count, value, value_count);
    return MHD_YES;
}

static inline void pga_mhd_each_header(struct MHD_Connection *connection, struct pga_mhd_headers *headers) {
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, &pga_mhd_on_header, headers);
}

/* A response holding a copy of the body. */
static inline struct MHD_Response *pga_mhd_response(const void *body, size_t count) {
    return MHD_create_response_from_buffer(count, (void *)body, MHD_RESPMEM_MUST_COPY);
}

static inline int pga_mhd_response_header(struct MHD_Response *response, const char *name, const char *value) {
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

/* Queues the response and gives it up. */
static inline int pga_mhd_queue(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response) {
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result == MHD_YES;
}

#endif
