import workhorse
from workhorse import JobStatus, NoSuchJobError, NotSerializable

reveal_type(JobStatus("queued"))  # R: workhorse.states.JobStatus
reveal_type(NotSerializable("args[0]", "why").path)  # R: str
reveal_type(NoSuchJobError("id").why)  # R: str
NotSerializable("x")  # E: call-arg
workhorse.Queu  # E: attr-defined
