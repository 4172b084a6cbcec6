/* e to the power of x, after Cephes' expf: C's mathematical library is not needed. */
static float exponential(float x)
{
    float r, p, scale = 1.0f, base;
    int n, negative;
    if (x < -87.0f)
        return 0.0f;
    n = (int)(x * 1.44269504f + (x < 0.0f ? -0.5f : 0.5f));
    r = x - (float)n * 0.693359375f + (float)n * 2.12194440e-4f;
    p = ((((1.9875691500e-4f * r + 1.3981999507e-3f) * r + 8.3334519073e-3f) * r + 4.1665795894e-2f) * r
         + 1.6666665459e-1f) * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    negative = n < 0;
    base = negative ? 0.5f : 2.0f;
    for (n = negative ? -n : n; n; n >>= 1) {
        if (n & 1)
            scale *= base;
        base *= base;
    }
    return p * scale;
}

/* Adds the softmax of the logits to the probabilities, times the share of this network and view. */
static void add_softmax(const float *logits, float *probabilities)
{
    float largest = logits[0], sum = 0.0f;
    int i;
    for (i = 1; i < MODEL_CLASSES; i++)
        largest = logits[i] > largest ? logits[i] : largest;
    for (i = 0; i < MODEL_CLASSES; i++)
        sum += exponential(logits[i] - largest);
    for (i = 0; i < MODEL_CLASSES; i++)
        probabilities[i] += exponential(logits[i] - largest) / sum / (float)SHARES;
}

/* The byte of a view of an image, which is moved down and to the right, what moves in being background, 0, and then mirrored if
   the third number is 1. */
static int pixel(const uint8_t *pixels, int channel, int row, int column, const int *view)
{
    row -= view[0];
    column = (view[2] ? MODEL_WIDTH - 1 - column : column) - view[1];
    if (row < 0 || row >= MODEL_HEIGHT || column < 0 || column >= MODEL_WIDTH)
        return 0;
    return pixels[(channel * MODEL_HEIGHT + row) * MODEL_WIDTH + column];
}

