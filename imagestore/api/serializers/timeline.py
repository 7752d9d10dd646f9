"""Months as JSON."""

from typing import Any

from rest_framework import serializers


class MonthSerializer(serializers.Serializer[Any]):
    month = serializers.RegexField(r"^[0-9]{4}-[0-9]{2}$")
    count = serializers.IntegerField()
    first = serializers.CharField()


class MonthsSerializer(serializers.Serializer[Any]):
    results = MonthSerializer(many=True)
