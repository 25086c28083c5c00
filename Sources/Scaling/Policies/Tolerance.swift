/// How far the ratio of an observed value to its target may be from 1 without a change of the replicas.
package enum Tolerance {
    package static let standard = 0.1
}
