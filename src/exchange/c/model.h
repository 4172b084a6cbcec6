/* HEAD */
#ifndef INKGRAD_MODEL_H
#define INKGRAD_MODEL_H

#include <stdint.h>

#define MODEL_HEIGHT @HEIGHT@
#define MODEL_WIDTH @WIDTH@
#define MODEL_CHANNELS @CHANNELS@
#define MODEL_CLASSES @CLASSES@

#ifdef __cplusplus
extern "C" {
#endif

extern const char *const model_class_names[MODEL_CLASSES];

/* Classifies one image: MODEL_CHANNELS x MODEL_HEIGHT x MODEL_WIDTH bytes, channel by channel, row by row, background 0.
 * Writes the probability of each class and returns the most probable class. It uses static buffers: one call at a time. */
int model_classify(const uint8_t *pixels, float *probabilities);

#ifdef __cplusplus
}
#endif

#endif
