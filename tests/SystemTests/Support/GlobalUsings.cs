// Every test file is about tests.
global using Xunit;
