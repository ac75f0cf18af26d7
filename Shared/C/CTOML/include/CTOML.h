#ifndef PGA_CTOML_H
#define PGA_CTOML_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// What a document is made of, in the order of the walk.
typedef enum pga_toml_kind {
    PGA_TOML_TABLE_BEGIN,
    PGA_TOML_TABLE_END,
    PGA_TOML_ARRAY_BEGIN,
    PGA_TOML_ARRAY_END,
    PGA_TOML_STRING,
    PGA_TOML_INTEGER,
    PGA_TOML_FLOAT,
    PGA_TOML_BOOLEAN,
    PGA_TOML_TIME,
} pga_toml_kind;

/// One step of the walk. Texts are UTF-8, end in a zero byte and live as long as the document.
typedef struct pga_toml_event {
    pga_toml_kind kind;
    const char *key;  // NULL at the top and in arrays
    size_t key_length;
    const char *text;  // a string's value; a number's or a time's as TOML writes it
    size_t text_length;
    int boolean;
    uint32_t key_line, key_column;  // from 1; of the value where there is no key
    uint32_t line, column;
} pga_toml_event;

typedef struct pga_toml pga_toml;

/// Reads a document; NULL only when there is no memory. No exception leaves it.
pga_toml *pga_toml_parse(const char *text, size_t length);
/// What is wrong with the document and where, or NULL.
const char *pga_toml_error(const pga_toml *document, uint32_t *line, uint32_t *column);
/// The walk; empty when the document is in error.
const pga_toml_event *pga_toml_events(const pga_toml *document, size_t *count);
void pga_toml_free(pga_toml *document);

#ifdef __cplusplus
}
#endif

#endif
