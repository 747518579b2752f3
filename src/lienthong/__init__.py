"""Liên Thông: national data integration and sharing platform."""
