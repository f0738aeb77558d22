// Every test file is about tests.
global using Xunit;

// These tests measure time and fill the machine: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
