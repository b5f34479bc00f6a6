"""Define the tables of jobs and their files, schedules, notifications and webhooks."""

from __future__ import annotations

from tasks.models.job import Download as Download
from tasks.models.job import FileRole as FileRole
from tasks.models.job import IdempotencyKey as IdempotencyKey
from tasks.models.job import Job as Job
from tasks.models.job import JobCheckpoint as JobCheckpoint
from tasks.models.job import JobEvent as JobEvent
from tasks.models.job import JobFile as JobFile
from tasks.models.job import PeriodicRun as PeriodicRun
from tasks.models.job import QueueCanary as QueueCanary
from tasks.models.job import new_job_slug as new_job_slug
from tasks.models.notification import JOB_NOTIFICATIONS as JOB_NOTIFICATIONS
from tasks.models.notification import Channel as Channel
from tasks.models.notification import Delivery as Delivery
from tasks.models.notification import DeliveryStatus as DeliveryStatus
from tasks.models.notification import Notification as Notification
from tasks.models.notification import NotificationType as NotificationType
from tasks.models.notification import WebhookEndpoint as WebhookEndpoint
from tasks.models.schedule import NAME_LENGTH as NAME_LENGTH
from tasks.models.schedule import NOTE_LENGTH as NOTE_LENGTH
from tasks.models.schedule import Missed as Missed
from tasks.models.schedule import RuleForm as RuleForm
from tasks.models.schedule import RunStatus as RunStatus
from tasks.models.schedule import Schedule as Schedule
from tasks.models.schedule import ScheduledRun as ScheduledRun
from tasks.models.states import DELIVERED as DELIVERED
from tasks.models.states import FINISHED as FINISHED
from tasks.models.states import RETRYABLE as RETRYABLE
from tasks.models.states import UNFINISHED as UNFINISHED
from tasks.models.states import EventType as EventType
from tasks.models.states import JobStatus as JobStatus
