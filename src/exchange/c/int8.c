// rescale
/* Of a layer: its bias in units of its sums, what sums are multiplied by, the bytes that stand for 0, the least byte. */
struct scales {
    const int32_t *bias, *multiplier;
    const int8_t *shift;
    int in_zero, out_zero, least;
};

/* sum * multiplier / 2^shift, rounded, plus the zero point, within the limits. */
static int8_t rescale(int32_t sum, int32_t multiplier, int shift, int zero, int least)
{
    int64_t product = (int64_t)sum * multiplier, half = (int64_t)1 << (shift - 1);
    int64_t value = product < 0 ? -((half - product) >> shift) : (product + half) >> shift;
    value += zero;
    return (int8_t)(value < least ? least : value > 127 ? 127 : value);
}

// conv
static void conv(const int8_t *x, int8_t *y, const int8_t *weight, const struct scales *s, const struct window *w)
{
    int o, c, row, column, i, j, step = w->stride[1], zero = s->in_zero;
    for (o = 0; o < w->out_channels; o++)
        for (row = 0; row < w->out[0]; row++, y += w->out[1]) {
            const int8_t *kernel = weight + o * w->in_channels * w->kernel[0] * w->kernel[1];
            for (column = 0; column < w->out[1]; column++)
                sums[column] = s->bias[o];
            for (c = 0; c < w->in_channels; c++)
                for (i = 0; i < w->kernel[0]; i++) {
                    int y0 = row * w->stride[0] + i - w->padding[0];
                    if (y0 < 0 || y0 >= w->in[0]) {
                        kernel += w->kernel[1];
                        continue;
                    }
                    for (j = 0; j < w->kernel[1]; j++, kernel++) {
                        const int8_t *in = x + (c * w->in[0] + y0) * w->in[1];
                        int factor = *kernel, shift = j - w->padding[1], end = last_column(w, shift);
                        column = first_column(w, shift);
                        if (step == 1)
                            for (; column <= end; column++)
                                sums[column] += (in[column + shift] - zero) * factor;
                        else
                            for (; column <= end; column++)
                                sums[column] += (in[column * step + shift] - zero) * factor;
                    }
                }
            for (column = 0; column < w->out[1]; column++)
                y[column] = rescale(sums[column], s->multiplier[o], s->shift[o], s->out_zero, s->least);
        }
}

// dense
static void dense(const int8_t *x, int8_t *y, const int8_t *weight, const struct scales *s, int inputs, int units)
{
    int i, unit;
    for (unit = 0; unit < units; unit++) {
        int32_t sum = s->bias[unit];
        for (i = 0; i < inputs; i++)
            sum += (x[i] - s->in_zero) * weight[unit * inputs + i];
        y[unit] = rescale(sum, s->multiplier[unit], s->shift[unit], s->out_zero, s->least);
    }
}

// logits
/* The last layer, whose sums are not rounded to a byte again. */
static void logits(const int8_t *x, float *y, const int8_t *weight, const int32_t *bias, const float *scale,
                   int zero, int inputs)
{
    int i, unit;
    for (unit = 0; unit < MODEL_CLASSES; unit++) {
        int32_t sum = bias[unit];
        for (i = 0; i < inputs; i++)
            sum += (x[i] - zero) * weight[unit * inputs + i];
        y[unit] = (float)sum * scale[unit];
    }
}

// scale_shift
static void scale_shift(int8_t *x, const int16_t *weight, const struct scales *s, int channels, int inner)
{
    int c, i;
    for (c = 0; c < channels; c++)
        for (i = 0; i < inner; i++, x++)
            *x = rescale((*x - s->in_zero) * weight[c] + s->bias[c], s->multiplier[c], s->shift[c], s->out_zero,
                         s->least);
}

// max_pool
static void max_pool(const int8_t *x, int8_t *y, const struct window *w)
{
    int c, row, column, i, j;
    for (c = 0; c < w->in_channels; c++, x += w->in[0] * w->in[1])
        for (row = 0; row < w->out[0]; row++)
            for (column = 0; column < w->out[1]; column++) {
                int8_t most = -128;
                for (i = 0; i < w->kernel[0]; i++)
                    for (j = 0; j < w->kernel[1]; j++) {
                        int y0 = row * w->stride[0] + i - w->padding[0];
                        int x0 = column * w->stride[1] + j - w->padding[1];
                        if (y0 >= 0 && y0 < w->in[0] && x0 >= 0 && x0 < w->in[1] && x[y0 * w->in[1] + x0] > most)
                            most = x[y0 * w->in[1] + x0];
                    }
                *y++ = most;
            }
}

// average_pool
static void average_pool(const int8_t *x, int8_t *y, const struct window *w)
{
    int c, row, column, i, j;
    for (c = 0; c < w->in_channels; c++, x += w->in[0] * w->in[1])
        for (row = 0; row < w->out[0]; row++)
            for (column = 0; column < w->out[1]; column++) {
                int32_t sum = 0, count = 0;
                for (i = 0; i < w->kernel[0]; i++)
                    for (j = 0; j < w->kernel[1]; j++) {
                        int y0 = row * w->stride[0] + i - w->padding[0];
                        int x0 = column * w->stride[1] + j - w->padding[1];
                        if (y0 >= 0 && y0 < w->in[0] && x0 >= 0 && x0 < w->in[1]) {
                            sum += x[y0 * w->in[1] + x0];
                            count++;
                        }
                    }
                *y++ = (int8_t)((sum < 0 ? sum - count / 2 : sum + count / 2) / count);
            }
}

// relu
static void relu(int8_t *x, int zero, int count)
{
    int i;
    for (i = 0; i < count; i++)
        if (x[i] < zero)
            x[i] = (int8_t)zero;
}

// look_up
static void look_up(int8_t *x, const int8_t *table, int count)
{
    int i;
    for (i = 0; i < count; i++)
        x[i] = table[x[i] + 128];
}

