/*
 * The border between a Plugcoin node and a plugin in a library, for C and whatever speaks C.
 *
 * docs/plugin-abi.md says what the texts look like that go back and forth; examples/in-c is a whole
 * plugin. Build it as a shared library:
 *
 *     cc -shared -fPIC -O2 -I sdk/include -o libmy_rule.so my_rule.c
 *
 * A library has three things: PLUGCOIN_NOTE once, at file level; the function plugcoin_plugin; and
 * the table of functions that it returns.
 */
#ifndef PLUGCOIN_PLUGIN_H
#define PLUGCOIN_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this border. A node refuses a library of another major or of a higher minor. */
#define PLUGCOIN_ABI_MAJOR 1
#define PLUGCOIN_ABI_MINOR 0

/* No message may be longer than this; the call has failed then. */
#define PLUGCOIN_ANSWER_BYTES_MAX (4u << 20)

/* What create and call return. */
enum {
    /* Done; the answer is in the sink. */
    PLUGCOIN_OK = 0,
    /* The plugin failed; the last message in the sink says why: {"kind":"plugin","message":"…"}. */
    PLUGCOIN_FAULT = 1,
    /* The plugin panicked; the last message in the sink is plain text. For languages with panics. */
    PLUGCOIN_PANIC = 2,
    /* There is no such method; the sink is left empty, and the node takes the hook's default. */
    PLUGCOIN_UNKNOWN = 3
};

/* How much a line of the log matters. */
enum {
    PLUGCOIN_LOG_ERROR = 1,
    PLUGCOIN_LOG_WARN = 2,
    PLUGCOIN_LOG_INFO = 3,
    PLUGCOIN_LOG_DEBUG = 4,
    PLUGCOIN_LOG_TRACE = 5
};

/*
 * Where an answer goes: one call of write for each message, with the sink's own context.
 *
 * The bytes are copied before write returns; they need not end with a zero. A sink belongs to the
 * call that it was given to: it is used by the thread that was called, and not after the return.
 * Only methods with many answers (storage.replay, storage.read_many) write more than one message;
 * what write returns is 0 to go on, and anything else once no more are wanted.
 */
typedef struct plugcoin_sink {
    void *context;
    int32_t (*write)(void *context, const uint8_t *data, size_t len);
} plugcoin_sink;

/* What a library is given. It lives as long as the process. */
typedef struct plugcoin_host {
    /* The size of this structure; a newer host has more fields at its end. */
    uint32_t size;
    uint32_t abi_major;
    uint32_t abi_minor;
    uint32_t reserved;
    /* Writes a line to the node's log, from any thread: the level, the plugin's name, the text. */
    void (*log)(uint32_t level, const uint8_t *plugin, size_t plugin_len, const uint8_t *text,
                size_t text_len);
} plugcoin_host;

/*
 * What a library gives back. It lives as long as the process, and a library is never closed.
 *
 * No function may throw or jump over its caller. All may be called from any thread, and call from
 * several threads at once, also with one instance.
 */
typedef struct plugcoin_table {
    /* sizeof(plugcoin_table); a newer library has more fields at its end. */
    uint32_t size;
    /* What the note says. */
    uint32_t abi_major;
    uint32_t abi_minor;
    /* 0 */
    uint32_t reserved;
    /*
     * Makes a plugin from its set-up (JSON) and puts it where instance points; it may be whatever
     * the library likes, but not null. The sink is for the fault, if the set-up is refused.
     */
    int32_t (*create)(const uint8_t *setup, size_t setup_len, void **instance,
                      const plugcoin_sink *sink);
    /*
     * Calls a method by its name, such as difficulty.target, with its request (JSON). The instance
     * is what create made, or null for the library's own methods: library.about, library.resolve.
     */
    int32_t (*call)(void *instance, const uint8_t *method, size_t method_len, const uint8_t *input,
                    size_t input_len, const plugcoin_sink *sink);
    /* Takes back what create made, once, when nobody calls it any more. */
    void (*destroy)(void *instance);
} plugcoin_table;

/* What the node reads of a library before it opens it: an ELF note. */
typedef struct plugcoin_note {
    uint32_t name_bytes;
    uint32_t descriptor_bytes;
    uint32_t kind;
    char name[12];
    /* Major, minor, flags, 0. Flag 1: a panic can be caught, or the language has none. */
    uint32_t descriptor[4];
} plugcoin_note;

/* The note; once in a library, outside of every function. */
#define PLUGCOIN_NOTE                                                                           \
    __attribute__((used, aligned(4), section(".note.plugcoin"))) static const plugcoin_note     \
        plugcoin_note_of_this_library = {                                                       \
            9, 16, 1, "Plugcoin", {PLUGCOIN_ABI_MAJOR, PLUGCOIN_ABI_MINOR, 1, 0}}

/*
 * The one function that a library must export; it is called once, before anything else. What it
 * gives back may not be null.
 */
__attribute__((visibility("default"))) const plugcoin_table *plugcoin_plugin(
    const plugcoin_host *host);

#ifdef __cplusplus
}
#endif

#endif
