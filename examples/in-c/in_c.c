/*
 * A reward rule in C: an odd block pays its miner three coins, an even one pays one.
 *
 * plugcoin_plugin.h is all that it needs; docs/plugin-abi.md describes the texts.
 */
#include <plugcoin_plugin.h>
#include <string.h>

#define NAME "in-c"

PLUGCOIN_NOTE;

static const plugcoin_host *the_host;

static int32_t answer(const plugcoin_sink *sink, const char *json) {
    sink->write(sink->context, (const uint8_t *)json, strlen(json));
    return PLUGCOIN_OK;
}

static int32_t fault(const plugcoin_sink *sink, const char *json) {
    answer(sink, json);
    return PLUGCOIN_FAULT;
}

/* A text that need not end with a zero, as they cross the border. */
typedef struct text {
    const uint8_t *data;
    size_t len;
} text;

static int is(text method, const char *name) {
    return method.len == strlen(name) && !memcmp(method.data, name, method.len);
}

/* Where this stands in the text: the place behind it, or null. */
static const uint8_t *behind(text in, const char *wanted) {
    size_t len = strlen(wanted);
    for (size_t at = 0; at + len <= in.len; at++)
        if (!memcmp(in.data + at, wanted, len)) return in.data + at + len;
    return NULL;
}

/* A plugin without options refuses every one. */
static int32_t refuse_options(text setup, const plugcoin_sink *sink) {
    if (behind(setup, "\"values\":[]")) return PLUGCOIN_OK;
    return fault(sink, "{\"kind\":\"configuration\",\"message\":\"the plugin " NAME
                       " has no options\"}");
}

/* {"nr":7} becomes 7. */
static int32_t reward(text input, const plugcoin_sink *sink) {
    const uint8_t *at = behind(input, "\"nr\":"), *end = input.data + input.len;
    if (!at || at == end || *at < '0' || *at > '9')
        return fault(sink, "{\"kind\":\"plugin\",\"message\":\"the request has no nr\"}");
    uint8_t last = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) last = *at;
    /* An amount is a text: a decimal of coins. */
    return answer(sink, (last - '0') % 2 ? "\"3\"" : "\"1\"");
}

static int32_t create(const uint8_t *setup, size_t setup_len, void **instance,
                      const plugcoin_sink *sink) {
    int32_t code = refuse_options((text){setup, setup_len}, sink);
    if (code != PLUGCOIN_OK) return code;
    const char *line = "made in C";
    the_host->log(PLUGCOIN_LOG_INFO, (const uint8_t *)NAME, strlen(NAME), (const uint8_t *)line,
                  strlen(line));
    /* There is no state; anything but null says that it was made. */
    *instance = (void *)&the_host;
    return PLUGCOIN_OK;
}

static int32_t call(void *instance, const uint8_t *method, size_t method_len, const uint8_t *input,
                    size_t input_len, const plugcoin_sink *sink) {
    text name = {method, method_len}, request = {input, input_len};
    if (instance) return is(name, "reward.reward") ? reward(request, sink) : PLUGCOIN_UNKNOWN;
    if (is(name, "library.about"))
        return answer(sink, "[{\"name\":\"" NAME "\",\"version\":\"1.0.0\",\"rules_version\":1,"
                            "\"hooks\":[\"reward\"],\"options\":[]}]");
    if (is(name, "library.resolve")) {
        int32_t code = refuse_options(request, sink);
        return code == PLUGCOIN_OK ? answer(sink, "{}") : code;
    }
    return PLUGCOIN_UNKNOWN;
}

static void destroy(void *instance) { (void)instance; }

static const plugcoin_table table = {
    sizeof(plugcoin_table), PLUGCOIN_ABI_MAJOR, PLUGCOIN_ABI_MINOR, 0, create, call, destroy,
};

const plugcoin_table *plugcoin_plugin(const plugcoin_host *host) {
    the_host = host;
    return &table;
}
