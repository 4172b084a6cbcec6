// conv
static void conv(const float *x, float *restrict y, const float *weight, const float *bias, const struct window *w)
{
    int o, c, row, column, i, j, step = w->stride[1];
    for (o = 0; o < w->out_channels; o++)
        for (row = 0; row < w->out[0]; row++, y += w->out[1]) {
            const float *kernel = weight + o * w->in_channels * w->kernel[0] * w->kernel[1];
            for (column = 0; column < w->out[1]; column++)
                y[column] = bias ? bias[o] : 0.0f;
            for (c = 0; c < w->in_channels; c++)
                for (i = 0; i < w->kernel[0]; i++) {
                    int y0 = row * w->stride[0] + i - w->padding[0];
                    if (y0 < 0 || y0 >= w->in[0]) {
                        kernel += w->kernel[1];
                        continue;
                    }
                    for (j = 0; j < w->kernel[1]; j++, kernel++) {
                        const float *in = x + (c * w->in[0] + y0) * w->in[1];
                        float factor = *kernel;
                        int shift = j - w->padding[1], end = last_column(w, shift);
                        column = first_column(w, shift);
                        if (step == 1)
                            for (; column <= end; column++)
                                y[column] += in[column + shift] * factor;
                        else
                            for (; column <= end; column++)
                                y[column] += in[column * step + shift] * factor;
                    }
                }
        }
}

// dense
static void dense(const float *x, float *y, const float *weight, const float *bias, int inputs, int units)
{
    int i, unit;
    for (unit = 0; unit < units; unit++) {
        float sum = bias[unit];
        for (i = 0; i < inputs; i++)
            sum += x[i] * weight[unit * inputs + i];
        y[unit] = sum;
    }
}

// scale_shift
static void scale_shift(float *x, const float *scale, const float *shift, int channels, int inner)
{
    int c, i;
    for (c = 0; c < channels; c++)
        for (i = 0; i < inner; i++, x++)
            *x = *x * scale[c] + shift[c];
}

// max_pool
static void max_pool(const float *x, float *y, const struct window *w)
{
    int c, row, column, i, j;
    for (c = 0; c < w->in_channels; c++, x += w->in[0] * w->in[1])
        for (row = 0; row < w->out[0]; row++)
            for (column = 0; column < w->out[1]; column++) {
                float most = -3.4e38f;
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
static void average_pool(const float *x, float *y, const struct window *w)
{
    int c, row, column, i, j;
    for (c = 0; c < w->in_channels; c++, x += w->in[0] * w->in[1])
        for (row = 0; row < w->out[0]; row++)
            for (column = 0; column < w->out[1]; column++) {
                float sum = 0.0f;
                int count = 0;
                for (i = 0; i < w->kernel[0]; i++)
                    for (j = 0; j < w->kernel[1]; j++) {
                        int y0 = row * w->stride[0] + i - w->padding[0];
                        int x0 = column * w->stride[1] + j - w->padding[1];
                        if (y0 >= 0 && y0 < w->in[0] && x0 >= 0 && x0 < w->in[1]) {
                            sum += x[y0 * w->in[1] + x0];
                            count++;
                        }
                    }
                *y++ = sum / (float)count;
            }
}

// relu
static void relu(float *x, int count)
{
    int i;
    for (i = 0; i < count; i++)
        if (x[i] < 0.0f)
            x[i] = 0.0f;
}

// hyperbolic_tangent
static void hyperbolic_tangent(float *x, int count)
{
    int i;
    for (i = 0; i < count; i++) {
        float t = exponential(x[i] < 0.0f ? 2.0f * x[i] : -2.0f * x[i]);
        float y = (1.0f - t) / (1.0f + t);
        x[i] = x[i] < 0.0f ? -y : y;
    }
}

