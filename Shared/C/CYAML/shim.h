#ifndef PGA_CYAML_SHIM_H
#define PGA_CYAML_SHIM_H

#include <yaml.h>

#endif
