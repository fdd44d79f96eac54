/** Whether an entry of package-lock.json is of a package that is published with this one, bundled or as a dependency. */
export const isPublished = ({ dev, devOptional, peer, optional, link }) =>
  !link && !dev && !devOptional && !peer && !optional;
