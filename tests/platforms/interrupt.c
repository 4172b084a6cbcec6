/* Starts a program and sends its console Ctrl-C once a file exists.
 *
 *     interrupt.exe FILE COMMAND LINE...
 *
 * Ends with the program's exit code; 99 if something else fails. */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

static int failed(const char *what) {
    fprintf(stderr, "interrupt: %s: error %lu\n", what, GetLastError());
    return 99;
}

static BOOL WINAPI ignore(DWORD event) {
    (void)event;
    return TRUE;
}

/* The part of our command line behind the first `skip` arguments, quotes and all. */
static wchar_t *rest(wchar_t *line, int skip) {
    while (skip-- > 0) {
        int quoted = 0;
        for (; *line && (quoted || *line != L' '); line++)
            quoted ^= *line == L'"';
        while (*line == L' ')
            line++;
    }
    return line;
}

int wmain(int count, wchar_t **arguments) {
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION process;
    if (count < 3)
        return failed("usage");
    /* Ctrl-C goes to everybody at the console, ourselves among them. */
    SetConsoleCtrlHandler(ignore, TRUE);
    if (!CreateProcessW(NULL, rest(GetCommandLineW(), 2), NULL, NULL, FALSE, 0, NULL, NULL, &start, &process))
        return failed("starting the program");
    for (int wait = 0; GetFileAttributesW(arguments[1]) == INVALID_FILE_ATTRIBUTES; wait++) {
        if (wait == 3000 || WaitForSingleObject(process.hProcess, 20) == WAIT_OBJECT_0)
            return failed("waiting for the file");
    }
    if (!GenerateConsoleCtrlEvent(CTRL_C_EVENT, 0))
        return failed("sending the event");
    DWORD code;
    if (WaitForSingleObject(process.hProcess, 60000) != WAIT_OBJECT_0 || !GetExitCodeProcess(process.hProcess, &code))
        return failed("waiting for the program");
    return (int)code;
}
