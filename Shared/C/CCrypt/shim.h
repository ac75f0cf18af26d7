#ifndef PGA_CCRYPT_SHIM_H
#define PGA_CCRYPT_SHIM_H

#include <crypt.h>

#endif
