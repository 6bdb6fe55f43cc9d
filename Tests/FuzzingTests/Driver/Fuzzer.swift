import Dispatch
import Foundation
import NIOConcurrencyHelpers

/// libFuzzer, as a program. `DAYBOOK_FUZZ_TARGET` says which decoder is tried; where
/// `DAYBOOK_FUZZ_SEEDS` names a folder, its valid inputs are written there first.
@main
enum Fuzzer {
  static func main() {
    writeSeeds()
    exit(runLibFuzzer())
  }
}

private let target: FuzzTarget = {
  let name = ProcessInfo.processInfo.environment["DAYBOOK_FUZZ_TARGET"] ?? ""
  guard let target = FuzzTarget(rawValue: name) else {
    let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
    fatalError("DAYBOOK_FUZZ_TARGET is '\(name)': say \(names)")
  }
  return target
}()

private func writeSeeds() {
  guard let folder = ProcessInfo.processInfo.environment["DAYBOOK_FUZZ_SEEDS"] else { return }
  for (number, seed) in wait({ await target.seeds() }).enumerated() {
    let file = URL(fileURLWithPath: "\(folder)/seed-\(number)")
    do { try Data(seed).write(to: file) } catch { fatalError("\(file.path): \(error)") }
  }
}

private func runLibFuzzer() -> Int32 {
  var count = CommandLine.argc
  var arguments = CommandLine.unsafeArgv
  return drive(&count, &arguments, testOneInput)
}

/// libFuzzer's own name for it, which its library wants to be there.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = Array(UnsafeBufferPointer(start: start, count: count))
  _ = wait { await target.run(bytes) }
  progress.withLockedValue { $0.count() }
  return 0
}

/// libFuzzer tells of itself only when something is new.
private struct Progress {
  private static let interval = Duration.seconds(10)

  private let begin = ContinuousClock.now
  private var told = ContinuousClock.now
  private var tried = 0

  mutating func count() {
    tried += 1
    let now = ContinuousClock.now
    guard now - told >= Progress.interval else { return }
    told = now
    let seconds = (now - begin).components.seconds
    FileHandle.standardError.write(Data("tried \(tried) inputs in \(seconds) s\n".utf8))
  }
}

private let progress = NIOLockedValueBox(Progress())

/// libFuzzer's functions are not async.
private func wait<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
  let outcome = NIOLockedValueBox<Value?>(nil)
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    let value = await body()
    outcome.withLockedValue { $0 = value }
    done.signal()
  }
  done.wait()
  return outcome.withLockedValue { $0! }
}

@_silgen_name("LLVMFuzzerRunDriver")
private func drive(
  _ argumentCount: UnsafeMutablePointer<Int32>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32
