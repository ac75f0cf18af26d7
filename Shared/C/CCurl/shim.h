#ifndef PGA_CCURL_SHIM_H
#define PGA_CCURL_SHIM_H

#include <curl/curl.h>

#endif
