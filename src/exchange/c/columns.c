/* The first and the last column of a row of outputs whose input, moved by the shift, lies within the map. A row is computed as a
   whole, weight by weight: inner loops without conditions, which compilers turn into vector instructions. */
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

