/* The image, moved and normalised. */
static void load(const uint8_t *pixels, const int *view)
{
    int channel, row, column;
    float *x = buffer0;
    for (channel = 0; channel < MODEL_CHANNELS; channel++)
        for (row = 0; row < MODEL_HEIGHT; row++)
            for (column = 0; column < MODEL_WIDTH; column++)
                *x++ = (float)pixel(pixels, channel, row, column, view) * gains[channel] + offsets[channel];
}

