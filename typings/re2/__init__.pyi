# Only what sluiceway.domain.flags.targeting uses of google-re2.
class error(Exception): ...  # noqa: N801, N818

class Options:
    max_mem: int
    log_errors: bool
    case_sensitive: bool

class _Regexp:
    def search(self, text: str) -> object | None: ...

def compile(pattern: str, options: Options | None = None) -> _Regexp: ...  # noqa: A001
