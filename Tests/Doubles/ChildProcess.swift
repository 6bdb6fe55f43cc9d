package import Glibc

/// A program that a test starts. Foundation's Process is not used: to start one it lists the open
/// files and copies more of the last entry than there is, which crashes a program that has some
/// 1,350 of them now and then, as one that runs hundreds of tests at a time has.
package final class ChildProcess: @unchecked Sendable {
  /// What posix_spawn(3) answered.
  package struct NotStarted: Error { package let number: Int32 }

  package let identifier: pid_t
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  // Under the lock: nobody may ask for a process that was asked for.
  private var ended: Int32?

  private typealias CloseFrom =
    @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32

  /// A GNU extension, which Swift's Glibc doesn't show; nil where there is none.
  private static let closeFrom: CloseFrom? = dlsym(
    nil, "posix_spawn_file_actions_addclosefrom_np"
  ).map { unsafeBitCast($0, to: CloseFrom.self) }

  /// `input`, `output` and `errors` are files; nothing comes from or goes to those that are nil.
  /// `environment`: this process's where nil. `descriptors` it has as 3 and on, beside those three.
  package init(
    _ program: String, _ arguments: [String], environment: [String: String]? = nil,
    folder: String? = nil, input: String? = nil, output: String? = nil, errors: String? = nil,
    descriptors: [Int32] = []
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
    for (number, path) in [(1, output), (2, errors)] {
      posix_spawn_file_actions_addopen(
        &actions, Int32(number), path ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    }

    for (index, descriptor) in descriptors.enumerated() {
      posix_spawn_file_actions_adddup2(&actions, descriptor, 3 + Int32(index))
    }
    // Sockets of other tests would stay open for as long as the program runs, and be counted as its own.
    if let closeFrom = ChildProcess.closeFrom {
      _ = closeFrom(&actions, 3 + Int32(descriptors.count))
    }

    // Threads that run tests block signals, and what is blocked stays so in the program.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

    // Going elsewhere first is a GNU extension, which Swift's Glibc doesn't show.
    let line = folder.map { ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, $0] } ?? []
    var words = (line + [program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var settings = (environment ?? [:]).map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for setting in settings { free(setting) } }
    var identifier: pid_t = 0
    let number =
      environment == nil
      ? posix_spawn(&identifier, words[0]!, &actions, &attributes, &words, environ)
      : posix_spawn(&identifier, words[0]!, &actions, &attributes, &words, &settings)
    guard number == 0 else { throw NotStarted(number: number) }
    self.identifier = identifier
    lock.initialize(to: pthread_mutex_t())
    pthread_mutex_init(lock, nil)
  }

  deinit {
    if isRunning {
      signal(SIGKILL)
      var status: Int32 = 0
      waitpid(identifier, &status, 0)
    }
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  package var isRunning: Bool { status == nil }

  /// What it exited with, or the number of the signal that ended it; nil while it runs.
  package var status: Int32? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    var status: Int32 = 0
    if ended == nil, waitpid(identifier, &status, WNOHANG) == identifier {
      let number = status & 0x7f
      ended = number == 0 ? status >> 8 & 0xff : number
    }
    return ended
  }

  /// Waits for its end, as only a test does whose program is over at once. Answers its status.
  package func finished() -> Int32 {
    while true {
      if let status { return status }
      usleep(1_000)
    }
  }

  package func signal(_ number: Int32) {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    if ended == nil { kill(identifier, number) }
  }
}
