/* A convolution computes a row of outputs at a time: for each weight it goes over the columns that the weight contributes to,
   without a condition, so that compilers make vector instructions of it. These are the first and the last of such columns; output
   column n takes input column n * stride + shift. */
static int first_column(const struct window *w, int shift)
{
    return shift < 0 ? (w->stride[1] - 1 - shift) / w->stride[1] : 0;
}

static int last_column(const struct window *w, int shift)
{
    int last = w->in[1] - 1 - shift;
    if (last < 0)
        return -1;
    last /= w->stride[1];
    return last < w->out[1] ? last : w->out[1] - 1;
}

