from datetime import timedelta

from workhorse import Retry

Retry(3)
Retry(max=3, interval=[1, 2.5, timedelta(minutes=1)])
Retry(3, on=ValueError)
reveal_type(Retry(3).delay_after(0, chance=0.5))  # R: float | None
Retry()  # E: call-arg
Retry("3")  # E: arg-type
Retry(3, intervall=1)  # E: Unexpected keyword argument "intervall"
