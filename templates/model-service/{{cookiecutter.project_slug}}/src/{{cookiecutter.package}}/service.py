"""Serves the model over HTTP; no prediction leaves before it stands in the request log."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import mlflow.sklearn
import sklearn
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from pydantic import BaseModel, ConfigDict, Field
from threadpoolctl import threadpool_limits

import {{cookiecutter.package}}

THRESHOLD = 0.5
WARM_UP_REQUESTS = 20
WARM_UP_INPUTS = {
    "month": 7, "day_of_week": 1, "sched_dep_minute": 1020,
    "carrier": "UA", "origin": "EWR", "dest": "ORD", "distance": 719.0,
    "temp": 80.0, "wind_speed": 9.0, "precip": 0.0, "visib": 10.0, "humid": 60.0, "pressure": 1015.0,
}
