#ifndef PGA_CTOML_H
#define PGA_CTOML_H

#ifdef __cplusplus
extern "C" {
#endif

int pga_toml_placeholder(void);

#ifdef __cplusplus
}
#endif

#endif
