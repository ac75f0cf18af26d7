#ifndef PGA_CRDKAFKA_SHIM_H
#define PGA_CRDKAFKA_SHIM_H

// rdkafka_mock.h refuses to be included before rdkafka.h.
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

// The functions below are variadic, which Swift does not import.

// One answer of `broker` to `api_key`, `rtt_ms` late. Error 0 with an rtt above the client's socket.timeout.ms is a
// lost acknowledgement: the request is carried out, its answer comes too late.
static inline rd_kafka_resp_err_t pga_mock_push_request_error_rtt(rd_kafka_mock_cluster_t *cluster, int32_t broker,
                                                                  int16_t api_key, rd_kafka_resp_err_t error,
                                                                  int rtt_ms) {
    return rd_kafka_mock_broker_push_request_error_rtts(cluster, broker, api_key, 1, error, rtt_ms);
}

#endif
