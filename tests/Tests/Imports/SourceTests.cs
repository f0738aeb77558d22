using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Rondo.Imports;
using Rondo.Imports.Sources;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>Places that files are fetched from.</summary>
public sealed class SourceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, BothDatabases]
    public async Task Each_file_of_a_folder_is_imported_once_and_again_when_it_changes(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, $"file://{_folder.Path}/*.csv", "long-csv");
        Put("may.csv", Files.Long(1, 3));
        Put("june.csv", Files.Long(1, 3, "2026-06-01T00:00:00Z"));
        Put("notes.txt", "x");
        Put("young.csv", "meter", DateTime.UtcNow.AddMinutes(1));
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Equal((2, 2), (await rig.CountAsync("import"), await rig.CountAsync("import_source_file")));
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Equal(2, await rig.CountAsync("import"));

        // What changed is another file; what is gone is forgotten.
        Put("may.csv", Files.Long(1, 4), DateTime.UtcNow.AddMinutes(-30));
        File.Delete(_folder.At("june.csv"));
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Equal((3, 1), (await rig.CountAsync("import"), await rig.CountAsync("import_source_file")));

        // One that is refused is told of once.
        Put("empty.csv", "");
        var (state, error) = await rig.FetchAsync("a");
        Assert.Equal("dead", state);
        Assert.Contains("empty.csv: the file is empty", error);
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Contains("no source 'b'", (await rig.FetchAsync("b")).Error);
        Assert.Empty(Directory.GetFiles(rig.Options.Folder, "new-*"));
    }

    [Theory, BothDatabases]
    public async Task A_file_by_https_is_fetched_when_the_server_says_that_it_changed(DatabaseKind kind)
    {
        var server = new Answers();
        await using var rig = await StartAsync(kind, "https://example.org/out/may.csv", null, server);
        server.Text = Files.Long(1, 3);
        server.Tag = "\"1\"";
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Equal((1, 1), (await rig.CountAsync("import"), server.Sent));
        (server.Text, server.Tag) = (Files.Long(1, 4), "\"2\"");
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Equal((2, 2), (await rig.CountAsync("import"), server.Sent));

        // A server that says nothing is asked each time; the same bytes change nothing.
        server.Tag = null;
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Equal((2, 4), (await rig.CountAsync("import"), server.Sent));
        server.Status = HttpStatusCode.Found;
        Assert.Contains("answers 302", (await rig.FetchAsync("a")).Error);
    }

    [Theory, BothDatabases]
    public async Task Files_by_sftp_come_through_the_client_of_the_system_and_names_stay_names(DatabaseKind kind)
    {
        Directory.CreateDirectory(_folder.At("remote/out box"));
        await using var rig = await StartAsync(kind, "sftp://rondo@files.example.org:2222/out%20box/*.csv", "long-csv", sftp: Client());
        Put("remote/out box/may 1.csv", Files.Long(1, 3));
        Put("remote/out box/x\".csv", Files.Long(1, 5));
        Put("remote/out box/other.txt", "x");
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        Assert.Equal(("done", null), await rig.FetchAsync("a"));
        await rig.UntilAsync(1, "done");
        Assert.Equal((1, 3), (await rig.CountAsync("import"), (await rig.ValuesAsync()).Count));
        Assert.Contains("-o BatchMode=yes -o ConnectTimeout=20", File.ReadAllText(_folder.At("log")));
        Assert.EndsWith("-P 2222 -- rondo@files.example.org\n", File.ReadAllText(_folder.At("log")));
        Directory.Move(_folder.At("remote/out box"), _folder.At("remote/gone"));
        var (state, error) = await rig.FetchAsync("a");
        Assert.Equal("dead", state);
        Assert.Contains("files.example.org by SFTP: ", error);
    }

    [Fact]
    public void A_list_of_sources_with_a_mistake_is_told_where()
    {
        var sources = Read("a:\n  url: sftp://u@h/out/*.csv\n  every: 15m\n  profile: nem12\nb:\n  url: https://h/may.csv\n  cron: '0 6 * * *'\n  zone: Europe/London\n");
        Assert.Equal(["a /out *.csv nem12 00:15:00 ", "b  may.csv   0 6 * * *"], sources.Select(s => $"{s.Name} {s.Address.Folder} {s.Address.Pattern} {s.Profile} {s.Every} {s.Cron}"));
        Assert.Equal("./out", SourceAddress.Read("sftp://h/~/out/*").Folder);
        foreach (var (text, wrong) in new[]
        {
            ("a:\n  url: ftp://h/x\n  every: 1m\n", "is no place"), ("a:\n  url: sftp://u:p@h/x\n  every: 1m\n", "password"), ("a:\n  url: https://h/x\n", "either every"), ("a:\n  url: https://h/x\n  every: soon\n", "not a duration"),
            ("a:\n  url: https://h/x\n  cron: x\n", "a: "), ("a b:\n  url: https://h/x\n  every: 1m\n", "not a name"), ("a:\n  url: https://h/x\n  every: 1m\n  user: x\n", "not known"), ("a: x\n", "expected"),
            ("a:\n  url: 'sftp://-oProxyCommand=x/y'\n  every: 1m\n", "a: "), ("a:\n  url: sftp://h/o*t/x\n  every: 1m\n", "in its folder"), ("a:\n  url: file://h/x\n  every: 1m\n", "no host"),
        })
        {
            Assert.Contains(wrong, Assert.Throws<ImportRefused>(() => Read(text)).Message);
        }

        static IReadOnlyList<SourceDefinition> Read(string text) => SourceList.Read(text, "test", word => word == "15m" ? TimeSpan.FromMinutes(15) : word == "1m" ? TimeSpan.FromMinutes(1) : null);
    }

    private static Task<ImportRig> StartAsync(DatabaseKind kind, string url, string? profile, HttpMessageHandler? web = null, string sftp = "sftp") => ImportRig.StartAsync(kind, fetch: (database, options, imports) => new FetchHandler(
        database, options, [new SourceDefinition("a", SourceAddress.Read(url), profile, TimeSpan.FromMinutes(1), null, null)], imports, TimeProvider.System, web ?? new Answers(), sftp));

    private void Put(string name, string text, DateTime? written = null)
    {
        File.WriteAllText(_folder.At(name), text);
        File.SetLastWriteTimeUtc(_folder.At(name), written ?? DateTime.UtcNow.AddHours(-1));
    }

    /// <summary>A client that has the folder <c>remote</c> for a server, and speaks as that of OpenSSH does.</summary>
    private string Client()
    {
        var path = _folder.Write("sftp", $$"""
            #!/bin/bash
            echo "$@" > '{{_folder.At("log")}}'
            while read -r line; do
              echo "sftp> $line"
              eval "set -- $line"
              case $1 in
                cd) cd "{{_folder.At("remote")}}$2" 2>/dev/null || { echo "stat remote: No such file or directory" >&2; exit 1; } ;;
                ls) ls -lnN --time-style='+%b %e %H:%M' | tail -n +2 ;;
                get) cp "$2" "$3" || exit 1 ;;
              esac
            done
            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }

    /// <summary>A server with one file.</summary>
    private sealed class Answers : HttpMessageHandler
    {
        public string Text { get; set; } = "";

        public string? Tag { get; set; }

        public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

        public int Sent { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Tag is not null && request.Headers.IfNoneMatch.Any(t => t.Tag == Tag))
            {
                return Task.FromResult(new HttpResponseMessage(HttpStatusCode.NotModified));
            }

            Sent += Status == HttpStatusCode.OK ? 1 : 0;
            var answer = new HttpResponseMessage(Status) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(Text)) };
            answer.Headers.ETag = Tag is null ? null : EntityTagHeaderValue.Parse(Tag);
            return Task.FromResult(answer);
        }
    }
}
