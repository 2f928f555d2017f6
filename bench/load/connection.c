#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "upgrade.h"

enum { READ_BYTES = 256 * 1024, SOURCES = 16 };

static void fail(struct connection *connection, const char *why) {
    if (connection->wrong == NULL)
        connection->wrong = why;
    connection->state = ENDED;
}

static void end(struct connection *connection) {
    epoll_ctl(connection->poll, EPOLL_CTL_DEL, connection->descriptor, NULL);
    close(connection->descriptor);
    connection->descriptor = -1;
    connection->state = ENDED;
}

static void want(struct connection *connection, uint32_t interest) {
    if (interest == connection->interest)
        return;
    struct epoll_event event = {.events = interest, .data.ptr = connection};
    epoll_ctl(connection->poll, connection->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, connection->descriptor, &event);
    connection->interest = interest;
}

/* Write once; the bytes that the kernel took. */
static size_t write_some(struct connection *connection, const uint8_t *data, size_t size) {
    ssize_t taken = send(connection->descriptor, data, size, MSG_NOSIGNAL);
    if (taken >= 0)
        return (size_t)taken;
    if (errno != EAGAIN)
        fail(connection, "the connection was lost while writing");
    return 0;
}

static void write_control(struct connection *connection) {
    size_t taken = write_some(connection, connection->control, connection->control_size);
    connection->control_size -= taken;
    memmove(connection->control, connection->control + taken, connection->control_size);
}

static void write_messages(struct connection *connection) {
    const struct messages *messages = &connection->messages;
    size_t taken = write_some(connection, messages->frames + connection->ring_at, connection->owed);
    connection->owed -= taken;
    connection->ring_at = (connection->ring_at + taken) % (messages->count * messages->frame);
}

static int is_between_messages(const struct connection *connection) {
    return connection->owed == 0 || connection->ring_at % connection->messages.frame == 0;
}

/* Control frames go first, but never into the middle of a message. */
static void flush(struct connection *connection) {
    if (connection->control_size > 0 && is_between_messages(connection))
        write_control(connection);
    else if (connection->owed > 0)
        write_messages(connection);
    int is_waiting = connection->control_size > 0 || connection->owed > 0;
    if (connection->state != ENDED)
        want(connection, is_waiting ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void queue_control(struct connection *connection, uint8_t first, const uint8_t *payload, size_t size) {
    if (connection->control_size + size + 6 > CONTROL_QUEUE) {
        fail(connection, "more pings than can be answered");
        return;
    }
    uint8_t *end = connection->control + connection->control_size;
    connection->control_size += control_frame(end, first, payload, size);
}

static void on_control(void *context, int opcode, const uint8_t *payload, size_t size) {
    struct connection *connection = context;
    if (opcode == FRAME_PING)
        queue_control(connection, 0x80 | FRAME_PONG, payload, size);
    if (opcode == FRAME_CLOSE)
        connection->got_close = 1;
    if (opcode == FRAME_CLOSE && connection->state == OPEN)
        fail(connection, "the server closed the connection");
}

void connection_prepare(struct connection *connection, size_t payload, size_t in_flight) {
    messages_make(&connection->messages, payload, in_flight);
    connection->in_flight = in_flight;
    connection->sent_ns = calloc(in_flight, sizeof *connection->sent_ns);
    if (connection->sent_ns == NULL)
        abort();
    connection->parser.messages = &connection->messages;
}

static int open_socket(unsigned number) {
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + number % SOURCES)};
    int one = 1;
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    /* The port is chosen on connect, so that each source address has all of them for each server. */
    setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    return bind(descriptor, (struct sockaddr *)&source, sizeof source) == 0 ? descriptor : -1;
}

void connection_start(struct connection *connection, const struct target *target, unsigned number) {
    connection->poll = target->poll;
    connection->parser.on_control = on_control;
    connection->parser.context = connection;
    connection->control_size = upgrade_request(connection->control, CONTROL_QUEUE, target->path);
    connection->answer = calloc(1, ANSWER_BYTES);
    connection->descriptor = open_socket(number);
    if (connection->descriptor < 0 || connection->answer == NULL) {
        fail(connection, "no socket");
        return;
    }
    const struct sockaddr *address = (const struct sockaddr *)&target->address;
    if (connect(connection->descriptor, address, sizeof target->address) != 0 && errno != EINPROGRESS)
        fail(connection, "cannot connect");
    else
        want(connection, EPOLLIN | EPOLLOUT);
}

void connection_send(struct connection *connection, size_t count, uint64_t now) {
    for (size_t number = 0; number < count; number++)
        connection->sent_ns[connection->parser.expected++ % connection->in_flight] = now;
    connection->owed += count * connection->messages.frame;
    flush(connection);
}

void connection_close(struct connection *connection) {
    static const uint8_t code_1000[] = {0x03, 0xE8};
    connection->state = CLOSING;
    queue_control(connection, 0x80 | FRAME_CLOSE, code_1000, sizeof code_1000);
    flush(connection);
}

static void feed(struct connection *connection, const uint8_t *data, size_t size) {
    const char *wrong = parser_feed(&connection->parser, data, size);
    if (wrong != NULL)
        fail(connection, wrong);
}

/* Take bytes of the answer to the upgrade; what comes after its head belongs to frames. */
static void take_answer(struct connection *connection, const uint8_t *data, size_t size) {
    size_t before = connection->answer_size;
    size_t taken = size < ANSWER_BYTES - before ? size : ANSWER_BYTES - before;
    memcpy(connection->answer + before, data, taken);
    connection->answer_size += taken;
    size_t head = upgrade_head_size(connection->answer, connection->answer_size);
    if (head == 0 && connection->answer_size == ANSWER_BYTES)
        fail(connection, "an answer without an end");
    if (head == 0)
        return;
    if (!upgrade_is_accepted(connection->answer, head)) {
        fail(connection, "the upgrade was refused");
        return;
    }
    free(connection->answer);
    connection->answer = NULL;
    connection->state = OPEN;
    feed(connection, data + (head - before), size - (head - before));
}

static void end_of_stream(struct connection *connection) {
    if (connection->state != CLOSING || !connection->got_close)
        fail(connection, "the connection was lost");
    else
        end(connection);
}

static void read_once(struct connection *connection) {
    static uint8_t buffer[READ_BYTES];
    ssize_t got = recv(connection->descriptor, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        end_of_stream(connection);
    else if (connection->state == UPGRADING)
        take_answer(connection, buffer, (size_t)got);
    else
        feed(connection, buffer, (size_t)got);
}

void connection_attend(struct connection *connection, uint32_t events) {
    if (events & ~(uint32_t)EPOLLOUT)
        read_once(connection);
    if (connection->state != ENDED && (connection->control_size > 0 || connection->owed > 0))
        flush(connection);
}

void connection_free(struct connection *connection) {
    if (connection->descriptor >= 0)
        end(connection);
    free(connection->answer);
    free(connection->sent_ns);
    messages_free(&connection->messages);
}
