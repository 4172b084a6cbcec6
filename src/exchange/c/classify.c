int model_classify(const uint8_t *pixels, float *probabilities)
{
    static const int views[][3] = {@VIEWS@};
    static const float *(*const networks[])(void) = {@NETWORKS@};
    unsigned view, network;
    int i, best = 0;
    for (i = 0; i < MODEL_CLASSES; i++)
        probabilities[i] = 0.0f;
    for (view = 0; view < sizeof views / sizeof views[0]; view++)
        for (network = 0; network < sizeof networks / sizeof networks[0]; network++) {
            load(pixels, views[view]);
            add_softmax(networks[network](), probabilities);
        }
    for (i = 1; i < MODEL_CLASSES; i++)
        if (probabilities[i] > probabilities[best])
            best = i;
    return best;
}
