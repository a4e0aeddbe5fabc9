/* Plays a random legal action of any game whose actions are numbers. cc -O2 -o random_bot random_bot.c */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* Vigna's SplitMix64: the same seed gives the same game again. */
static uint64_t draw(void) {
    uint64_t z = (state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* What follows `"key":` in a message; keys stand in the order that the protocol gives. */
static const char *after(const char *line, const char *key) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(line, quoted);
    return found ? found + strlen(quoted) : "";
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        const char *type = after(line, "type");
        unsigned long long id = strtoull(after(line, "id"), NULL, 10);
        if (!strncmp(type, "\"hello\"", 7)) {
            printf("{\"id\": %llu, \"ready\": 1}\n", id);
        } else if (!strncmp(type, "\"start\"", 7)) {
            state = strtoull(after(line, "seed"), NULL, 10);
        } else if (!strncmp(type, "\"move\"", 6)) {
            const char *list = after(line, "legal_actions") + 1, *end = strchr(list, ']');
            int count = 1;
            for (const char *c = list; c < end; c++)
                count += *c == ',';
            for (uint64_t skip = draw() % count; skip; skip--)
                list = strchr(list, ',') + 1;
            printf("{\"id\": %llu, \"action\": %ld}\n", id, strtol(list, NULL, 10));
        }
        fflush(stdout);
    }
    free(line);
    return 0;
}
