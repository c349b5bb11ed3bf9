using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace TrtVocoder.Examples.Tests;

/// <summary>
/// Headless Chromium with one page, driven over its debugging protocol (https://chromedevtools.github.io/devtools-protocol/).
/// </summary>
internal sealed partial class Browser : IAsyncDisposable
{
    /// <summary>What is looked for on the PATH, unless TRTV_TEST_BROWSER names the program.</summary>
    private static readonly string[] Programs = ["chromium-headless-shell", "chromium", "google-chrome"];

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly Process _process;
    private readonly string _folder;
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonObject>> _answers = new();
    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly SemaphoreSlim _sending = new(1);
    private Task _receiving = Task.CompletedTask;
    private int _lastId;

    private Browser(Process process, string folder)
    {
        _process = process;
        _folder = folder;
    }

    /// <summary>Errors and warnings of the page's console, exceptions that nothing caught, and what could not be loaded.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    /// <summary>The program; null where there is none.</summary>
    public static string? Find() => Environment.GetEnvironmentVariable("TRTV_TEST_BROWSER")
        ?? (from program in Programs
            from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
            let path = Path.Combine(folder, program)
            where File.Exists(path)
            select path).FirstOrDefault();

    /// <summary>Starts it with an empty page.</summary>
    public static async Task<Browser> StartAsync(string program)
    {
        string folder = Directory.CreateTempSubdirectory("trtv-browser").FullName;
        ProcessStartInfo start = new(program)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars",
                "--window-size=1000,640", "--remote-debugging-port=0", $"--user-data-dir={folder}", "about:blank",
            },
        };
        Browser browser = new(Process.Start(start)!, folder);
        try
        {
            await browser.ConnectAsync();
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens an address and waits until the page is loaded. What was complained of before is forgotten.</summary>
    public async Task OpenAsync(Uri address)
    {
        _complaints.Clear();
        await CallAsync("Page.navigate", new JsonObject { ["url"] = address.ToString() });
        await WaitUntilAsync("document.readyState === 'complete'");
    }

    /// <summary>Chooses a file in an input, as a user does.</summary>
    public async Task ChooseFileAsync(string selector, string path)
    {
        JsonObject document = await CallAsync("DOM.getDocument", []);
        JsonObject node = await CallAsync(
            "DOM.querySelector", new JsonObject { ["nodeId"] = (int)document["root"]!["nodeId"]!, ["selector"] = selector });
        await CallAsync("DOM.setFileInputFiles", new JsonObject { ["nodeId"] = (int)node["nodeId"]!, ["files"] = new JsonArray(path) });
    }

    /// <summary>Presses and releases the left button in the middle of an element.</summary>
    public async Task ClickAsync(string selector)
    {
        await EvaluateAsync($"place = document.querySelector('{selector}').getBoundingClientRect()");
        double x = (double)(await EvaluateAsync("place.x + place.width / 2"))!;
        double y = (double)(await EvaluateAsync("place.y + place.height / 2"))!;
        foreach (string type in (string[])["mousePressed", "mouseReleased"])
            await CallAsync("Input.dispatchMouseEvent", new JsonObject
            {
                ["type"] = type,
                ["x"] = x,
                ["y"] = y,
                ["button"] = "left",
                ["clickCount"] = 1,
            });
    }

    /// <summary>The value of an expression.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        JsonObject answer = await CallAsync(
            "Runtime.evaluate", new JsonObject { ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true });
        return answer["exceptionDetails"] is { } failure
            ? throw new InvalidOperationException($"{expression}: {failure.ToJsonString()}")
            : answer["result"]!["value"];
    }

    /// <summary>Waits until an expression is true.</summary>
    public async Task WaitUntilAsync(string expression)
    {
        for (Stopwatch clock = Stopwatch.StartNew(); clock.Elapsed < Limit; await Task.Delay(20))
            if ((bool)(await EvaluateAsync($"Boolean({expression})"))!)
                return;
        throw new TimeoutException(
            $"Not true within {Limit.TotalSeconds} s: {expression}\n{await EvaluateAsync("document.body.innerText")}");
    }

    /// <summary>The page as PNG.</summary>
    public async Task<byte[]> ScreenshotAsync() =>
        Convert.FromBase64String((string)(await CallAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png" }))["data"]!);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync();
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        await _receiving;
        _process.Dispose();
        _socket.Dispose();
        _closing.Dispose();
        _sending.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ConnectAsync()
    {
        string? line;
        do
            line = await _process.StandardError.ReadLineAsync().WaitAsync(Limit)
                ?? throw new InvalidOperationException("The browser ended.");
        while (!line.StartsWith("DevTools listening on ", StringComparison.Ordinal));
        // What it says later is of no interest, but must not fill the pipe.
        _ = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
        string host = AddressPattern().Match(line).Groups[1].Value;
        using HttpClient client = new();
        JsonArray targets = JsonNode.Parse(await client.GetStringAsync(new Uri($"http://{host}/json/list")))!.AsArray();
        JsonNode page = targets.First(target => (string?)target!["type"] == "page")!;
        await _socket.ConnectAsync(new Uri((string)page["webSocketDebuggerUrl"]!), CancellationToken.None);
        _receiving = ReceiveAsync();
        foreach (string domain in (string[])["Page", "Runtime", "Log", "DOM", "Network"])
            await CallAsync($"{domain}.enable", []);
    }

    private async Task<JsonObject> CallAsync(string method, JsonObject parameters)
    {
        int id = Interlocked.Increment(ref _lastId);
        TaskCompletionSource<JsonObject> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _answers[id] = answer;
        byte[] message = JsonSerializer.SerializeToUtf8Bytes(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters });
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, _closing.Token);
        }
        finally
        {
            _sending.Release();
        }
        return await answer.Task.WaitAsync(Limit);
    }

    private async Task ReceiveAsync()
    {
        byte[] block = new byte[1 << 16];
        using MemoryStream message = new();
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult got = await _socket.ReceiveAsync(block.AsMemory(), _closing.Token);
                message.Write(block, 0, got.Count);
                if (got.MessageType == WebSocketMessageType.Close)
                    return;
                if (!got.EndOfMessage)
                    continue;
                Take(JsonNode.Parse(message.GetBuffer().AsSpan(0, (int)message.Length))!.AsObject());
                message.SetLength(0);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or WebSocketException)
        {
            foreach (TaskCompletionSource<JsonObject> answer in _answers.Values)
                answer.TrySetException(new InvalidOperationException("The browser ended.", error));
        }
    }

    private void Take(JsonObject message)
    {
        if (message["id"] is { } id && _answers.TryRemove((int)id, out TaskCompletionSource<JsonObject>? answer))
        {
            if (message["error"] is { } error)
                answer.SetException(new InvalidOperationException(error.ToJsonString()));
            else
                answer.SetResult(message["result"]!.AsObject());
            return;
        }
        JsonNode? facts = message["params"];
        bool isComplaint = (string?)message["method"] switch
        {
            "Runtime.exceptionThrown" => true,
            "Runtime.consoleAPICalled" => (string?)facts!["type"] is "error" or "warning" or "assert",
            "Log.entryAdded" => (string?)facts!["entry"]!["level"] is "error" or "warning",
            _ => false,
        };
        if (isComplaint)
            _complaints.Enqueue(facts!.ToJsonString());
    }

    [GeneratedRegex(@"ws://([^/]+)/")]
    private static partial Regex AddressPattern();
}
