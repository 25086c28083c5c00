// librdkafka's mock cluster as a separate process: prints the bootstrap servers, then obeys a command a line, each
// answered by "ok" or "error ...". It ends with its standard input.
//
//   topic NAME PARTITIONS              creates a topic
//   produce NAME PARTITION COUNT       adds messages
//   commit GROUP NAME PARTITION OFFSET commits an offset
//   topicerror NAME CODE               answers about a topic with an error; 0 ends it
//   fail API CODE COUNT                answers the next requests of an API with an error
//   leader NAME PARTITION BROKER       moves a partition; -1 is no leader
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BROKERS = 3, TIMEOUT_MS = 30000 };

static const char *bootstrap;

static rd_kafka_t *make_client(rd_kafka_type_t type, const char *group) {
    char message[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap ? bootstrap : "127.0.0.1:1", message, sizeof message);
    rd_kafka_conf_set(conf, "log_level", "2", message, sizeof message);
    if (group) {
        rd_kafka_conf_set(conf, "group.id", group, message, sizeof message);
        rd_kafka_conf_set(conf, "enable.auto.commit", "false", message, sizeof message);
    }
    rd_kafka_t *client = rd_kafka_new(type, conf, message, sizeof message);
    if (!client) {
        fprintf(stderr, "no client: %s\n", message);
        exit(1);
    }
    return client;
}

static rd_kafka_resp_err_t produce(rd_kafka_t *producer, const char *topic, int partition, int count) {
    for (int index = 0; index < count; index++) {
        rd_kafka_resp_err_t code = rd_kafka_producev(
            producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE((void *)"m", 1),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
        if (code) return code;
    }
    return rd_kafka_flush(producer, TIMEOUT_MS);
}

static rd_kafka_resp_err_t commit(const char *group, const char *topic, int partition, long long offset) {
    rd_kafka_t *consumer = make_client(RD_KAFKA_CONSUMER, group);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_resp_err_t code = rd_kafka_commit(consumer, list, 0);
    if (!code) code = list->elems[0].err;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(consumer);
    return code;
}

int main(void) {
    rd_kafka_t *owner = make_client(RD_KAFKA_PRODUCER, NULL);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(owner, BROKERS);
    if (!cluster) return 1;
    bootstrap = rd_kafka_mock_cluster_bootstraps(cluster);
    rd_kafka_t *producer = make_client(RD_KAFKA_PRODUCER, NULL);
    printf("%s\n", bootstrap);
    fflush(stdout);

    char line[1024], first[256], second[256];
    int number, count;
    long long offset;
    while (fgets(line, sizeof line, stdin)) {
        rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__INVALID_ARG;
        if (sscanf(line, "topic %255s %d", first, &count) == 2)
            code = rd_kafka_mock_topic_create(cluster, first, count, 1);
        else if (sscanf(line, "produce %255s %d %d", first, &number, &count) == 3)
            code = produce(producer, first, number, count);
        else if (sscanf(line, "commit %255s %255s %d %lld", first, second, &number, &offset) == 4)
            code = commit(first, second, number, offset);
        else if (sscanf(line, "leader %255s %d %d", first, &number, &count) == 3)
            code = rd_kafka_mock_partition_set_leader(cluster, first, number, count);
        else if (sscanf(line, "topicerror %255s %d", first, &number) == 2) {
            rd_kafka_mock_topic_set_error(cluster, first, (rd_kafka_resp_err_t)number);
            code = RD_KAFKA_RESP_ERR_NO_ERROR;
        } else if (sscanf(line, "fail %d %d %d", &number, (int *)&code, &count) == 3) {
            for (int index = 0; index < count; index++)
                rd_kafka_mock_push_request_errors(cluster, (int16_t)number, 1, code);
            code = RD_KAFKA_RESP_ERR_NO_ERROR;
        }
        if (code)
            printf("error %s\n", rd_kafka_err2str(code));
        else
            printf("ok\n");
        fflush(stdout);
    }
    // Without waiting for librdkafka's threads.
    _exit(0);
}
