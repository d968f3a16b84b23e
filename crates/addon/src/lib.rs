//! `#[napi]` only: conversion between JavaScript and `engine`, no logic.
