#ifndef PGA_CLINUX_SHIM_H
#define PGA_CLINUX_SHIM_H

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/prctl.h>
#include <getopt.h>

#endif
