import Doubles
import Foundation
import Testing

/// A program at a terminal of its own, and what a person in front of it sees. It reads only while
/// it is asked, so that a test sees each state that it waits for.
final class PseudoTerminal {
  private let master: Int32
  private let slave: Int32
  private let process: pid_t
  private(set) var emulator: TerminalEmulator
  private var ended: Int32?

  /// What posix_spawn(3) and openpty(3) answered.
  struct NotStarted: Error { let number: Int32 }

  /// `environment` beside this process's own.
  init(
    _ command: [String], width: Int = 80, height: Int = 24, environment: [String: String] = [:]
  ) throws {
    var master: Int32 = -1
    var slave: Int32 = -1
    var size = winsize(
      ws_row: UInt16(height), ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
    var name = [CChar](repeating: 0, count: 128)
    guard openpty(&master, &slave, &name, nil, &size) == 0 else {
      throw NotStarted(number: errno)
    }
    self.master = master
    self.slave = slave
    emulator = TerminalEmulator(width: width, height: height)
    _ = fcntl(master, F_SETFL, O_NONBLOCK)
    for file in [master, slave] { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The first terminal that a session's leader opens is the session's.
    posix_spawn_file_actions_addopen(&actions, 0, name, O_RDWR, 0)
    for file in [1, 2] as [Int32] { posix_spawn_file_actions_adddup2(&actions, 0, file) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    // POSIX_SPAWN_SETSID of glibc's spawn.h, which Swift doesn't show.
    let newSession: Int32 = 0x80
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | Int16(newSession))

    var all = ProcessInfo.processInfo.environment
    all["TERM"] = "xterm-256color"
    all["NO_COLOR"] = nil
    for (name, value) in environment { all[name] = value }
    var words = command.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var settings = all.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for setting in settings { free(setting) } }
    var process: pid_t = 0
    let number = posix_spawnp(&process, words[0]!, &actions, &attributes, &words, &settings)
    guard number == 0 else { throw NotStarted(number: number) }
    self.process = process
  }

  deinit {
    if status == nil {
      kill(-process, SIGKILL)
      kill(process, SIGKILL)
      var status: Int32 = 0
      waitpid(process, &status, 0)
    }
    close(master)
    close(slave)
  }

  /// What it exited with, or the number of the signal that ended it; nil while it runs.
  var status: Int32? {
    var status: Int32 = 0
    if ended == nil, waitpid(process, &status, WNOHANG) == process {
      ended = status & 0x7f == 0 ? status >> 8 & 0xff : status & 0x7f
    }
    return ended
  }

  func signal(_ number: Int32) { kill(process, number) }

  func type(_ text: String) async throws {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(master, $0.baseAddress, min($0.count, 1_000)) }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else {
        try await Task.sleep(for: .milliseconds(2))
      }
      read()
    }
  }

  /// Takes what the program has written.
  func read() {
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(master, &piece, piece.count)
      guard count > 0 else { return }
      emulator.take(piece[..<count])
    }
  }

  /// Goes on reading until the screen is so.
  func wait(
    for what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ isSo: (TerminalEmulator) -> Bool
  ) async throws {
    while true {
      read()
      if isSo(emulator) { return }
      if status != nil {
        read()
        try #require(
          isSo(emulator), "ended before \(what): \(emulator.lines)", sourceLocation: sourceLocation)
        return
      }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  /// The row with the cursor.
  func waitForPrompt(
    _ prompt: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await wait(for: prompt, sourceLocation: sourceLocation) { $0.rows[$0.row] == prompt }
  }

  func waitForEnd() async throws -> Int32 {
    while status == nil {
      read()
      try await Task.sleep(for: .milliseconds(2))
    }
    read()
    return status ?? -1
  }

  func resize(width: Int, height: Int) {
    var size = winsize(
      ws_row: UInt16(height), ws_col: UInt16(width), ws_xpixel: 0, ws_ypixel: 0)
    emulator.resize(width: width, height: height)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// How the terminal treats keys: whether it shows them, whether it gives lines, whether it signals.
  var modes: [tcflag_t] {
    var modes = termios()
    tcgetattr(slave, &modes)
    return [modes.c_lflag, modes.c_iflag, modes.c_oflag]
  }
}

extension TestServer {
  /// A user's console at a terminal of its own, once its prompt is there.
  func terminal(
    _ user: String, device: String = "phone", width: Int = 80, height: Int = 24,
    _ options: [String] = []
  ) async throws -> PseudoTerminal {
    let token = try await token(user: user, device: device)
    let terminal = try PseudoTerminal(
      [Program.url.path, "chat", "--server", address, "--token", token] + options, width: width,
      height: height, environment: ["XDG_STATE_HOME": folder.appending(path: "state").path])
    // In front of it may stand how much is unread.
    try await terminal.wait(for: "the prompt") { $0.rows[$0.row].hasSuffix("\(user)>") }
    return terminal
  }
}
