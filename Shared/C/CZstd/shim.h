#ifndef PGA_CZSTD_SHIM_H
#define PGA_CZSTD_SHIM_H

#include <zstd.h>
#include <zstd_errors.h>

#endif
