using System.Text;
using Rondo.Security;

namespace Rondo.Host.Commands;

/// <summary>Reads a secret from standard input: never from the command line, where others can see it and the shell remembers it.</summary>
internal static class SecretInput
{
    // One more than fits, so that what is too long is seen to be.
    private const int Most = SecretBox.LongestValue + 2;

    /// <summary>On a terminal asks for one line, which is not shown; else everything there is, without the line break at its end.</summary>
    public static async Task<string> ReadAsync(Run run, string what)
    {
        var value = run.Shell.ReadHidden is { } hidden ? hidden($"{what}: ") : await ReadAllAsync(run);
        return SecretBox.MistakeOfValue(value) is { } mistake ? throw new CommandFault(ExitCode.Misuse, $"{what}: {mistake}") : value;
    }

    private static async Task<string> ReadAllAsync(Run run)
    {
        var buffer = new char[Most];
        var length = await run.Shell.Input.ReadBlockAsync(buffer, run.Stop);
        var text = new string(buffer, 0, length);
        return text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text;
    }

    /// <summary>One line of a terminal, not shown while it is typed.</summary>
    public static string ReadHidden(string prompt)
    {
        Console.Error.Write(prompt);
        var line = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            switch (key.Key)
            {
                case ConsoleKey.Enter:
                    Console.Error.WriteLine();
                    return line.ToString();
                case ConsoleKey.Backspace:
                    line.Length = Math.Max(0, line.Length - 1);
                    break;
                default:
                    if (key.KeyChar != '\0' && line.Length < Most)
                    {
                        line.Append(key.KeyChar);
                    }

                    break;
            }
        }
    }
}
