#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>
#include "CTOML.h"
extern "C" int pga_toml_placeholder(void) { return 0; }
