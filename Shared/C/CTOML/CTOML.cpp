// toml++ behind a C interface: a document becomes a flat list of steps, which Swift builds its own tree from.

// toml++ asserts what a malformed document can break ("[,", "x = [}", "d = 1979-05-27TS7:"): with assertions it would end
// the process, and with NDEBUG promise the optimiser what is not so. Without either, its own checks a line later find the
// same mistake and report it with its place (a million and a half mutated documents under the address and undefined
// behaviour sanitizers found nothing else).
#undef NDEBUG
#define TOML_ASSERT(expr) static_cast<void>(0)

#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <deque>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "CTOML.h"

struct pga_toml {
    std::vector<pga_toml_event> events;
    std::deque<std::string> texts;  // a deque, so that the texts stay where they are while it grows
    std::string error;
    uint32_t line = 0, column = 0;
    bool failed = false;
};

namespace {

void keep(pga_toml &document, const char *&text, size_t &length, std::string value) {
    document.texts.push_back(std::move(value));
    text = document.texts.back().c_str();
    length = document.texts.back().size();
}

pga_toml_event step(pga_toml &document, pga_toml_kind kind, const toml::node &node, const toml::key *key) {
    pga_toml_event event{};
    event.kind = kind;
    event.line = node.source().begin.line;
    event.column = node.source().begin.column;
    event.key_line = event.line;
    event.key_column = event.column;
    if (key) {
        keep(document, event.key, event.key_length, std::string(key->str()));
        event.key_line = key->source().begin.line;
        event.key_column = key->source().begin.column;
    }
    return event;
}

// No deeper than toml++ lets a document nest.
void walk(pga_toml &document, const toml::node &node, const toml::key *key) {
    if (const toml::table *table = node.as_table()) {
        document.events.push_back(step(document, PGA_TOML_TABLE_BEGIN, node, key));
        for (const auto &[name, value] : *table) walk(document, value, &name);
        document.events.push_back(step(document, PGA_TOML_TABLE_END, node, nullptr));
    } else if (const toml::array *array = node.as_array()) {
        document.events.push_back(step(document, PGA_TOML_ARRAY_BEGIN, node, key));
        for (const auto &value : *array) walk(document, value, nullptr);
        document.events.push_back(step(document, PGA_TOML_ARRAY_END, node, nullptr));
    } else if (const auto *string = node.as_string()) {
        pga_toml_event event = step(document, PGA_TOML_STRING, node, key);
        keep(document, event.text, event.text_length, string->get());
        document.events.push_back(event);
    } else if (const auto *boolean = node.as_boolean()) {
        pga_toml_event event = step(document, PGA_TOML_BOOLEAN, node, key);
        event.boolean = boolean->get() ? 1 : 0;
        keep(document, event.text, event.text_length, boolean->get() ? "true" : "false");
        document.events.push_back(event);
    } else {
        pga_toml_kind kind = node.is_integer() ? PGA_TOML_INTEGER : node.is_floating_point() ? PGA_TOML_FLOAT : PGA_TOML_TIME;
        pga_toml_event event = step(document, kind, node, key);
        std::ostringstream text;
        if (const auto *integer = node.as_integer()) text << integer->get();  // 0x1F and 1_000 become plain decimals
        else if (const auto *real = node.as_floating_point()) text << *real;
        else if (const auto *date = node.as_date()) text << date->get();
        else if (const auto *time = node.as_time()) text << time->get();
        else if (const auto *both = node.as_date_time()) text << both->get();
        keep(document, event.text, event.text_length, text.str());
        document.events.push_back(event);
    }
}

}  // namespace

extern "C" pga_toml *pga_toml_parse(const char *text, size_t length) {
    pga_toml *document = new (std::nothrow) pga_toml;
    if (!document) return nullptr;
    try {
        toml::parse_result result = toml::parse(std::string_view(text, length));
        if (result) {
            walk(*document, result.table(), nullptr);
        } else {
            const toml::parse_error &error = result.error();
            document->failed = true;
            document->error = std::string(error.description());
            document->line = error.source().begin.line;
            document->column = error.source().begin.column;
        }
        return document;
    } catch (...) {
        // Only memory can run out here; an exception must not cross into Swift.
        delete document;
        return nullptr;
    }
}

extern "C" const char *pga_toml_error(const pga_toml *document, uint32_t *line, uint32_t *column) {
    if (!document->failed) return nullptr;
    *line = document->line;
    *column = document->column;
    return document->error.c_str();
}

extern "C" const pga_toml_event *pga_toml_events(const pga_toml *document, size_t *count) {
    *count = document->events.size();
    return document->events.data();
}

extern "C" void pga_toml_free(pga_toml *document) { delete document; }
